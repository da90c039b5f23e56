"""The first plug-in axis: a folder per AMM and one line each in the registry."""
