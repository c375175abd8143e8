"""Benchmarks: this client measured side by side with the alternatives.

python -m benchmarks            everything, about ten minutes
python -m benchmarks --quick    a first impression, about a minute
python -m benchmarks --write    everything, and the figures go into docs/performance.md and docs/performance.svg
"""
