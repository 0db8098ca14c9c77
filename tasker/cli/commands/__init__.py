"""The commands, a module each or a family of them; imported when they are used."""
