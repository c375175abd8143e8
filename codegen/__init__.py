"""The generator: an OpenAPI document becomes typed source. `python -m codegen`; see README.md."""
