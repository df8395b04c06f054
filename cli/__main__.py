"""Run the command line with `python -m uxnet_compiler.cli`."""

from .main import main

if __name__ == "__main__":
    main()
