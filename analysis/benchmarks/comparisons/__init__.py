"""Compares the product's methods with trivial baselines on recorded data, system by system.

Each module here has a function `outcomes(data)` and stands in `COMPARISONS` of the command
`compare_methods`.
"""
