"""The bundled genotypes, one JSON file each; shipped as `uxnet_compiler.genotypes`."""
