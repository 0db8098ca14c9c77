"""The cases, a module each; its docstring is the question that it answers."""
