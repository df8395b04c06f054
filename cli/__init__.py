"""The `uxnet` command line; shipped as `uxnet_compiler.cli`."""
