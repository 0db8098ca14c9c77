"""``python -m tasker``."""

from tasker.cli import main

if __name__ == "__main__":
    main()
