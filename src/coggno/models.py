"""The models of the API, as plain attrs classes. They are generated from `openapi/coggno.yaml`."""
