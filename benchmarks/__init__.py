"""Side-by-side measurements: this client against what one would use instead.

python -m benchmarks            all of it, about ten minutes
python -m benchmarks --quick    about a minute
python -m benchmarks --write    and put the figures into docs/performance.md and docs/performance.svg
"""
