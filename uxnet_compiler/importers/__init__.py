"""Descriptions of networks that others wrote, as genotypes: one file a foreign format.

To add one: a module that reads the foreign file as data, never executing any of it, makes a
`Genotype`, and, where trained weights exist, renames their tensors to the document's.
"""
