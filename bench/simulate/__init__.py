"""A year of the whole application under a clock that is moved: simulated patients, platforms, hospital.

`run` drives it event by event; `oracle` keeps its own record of what is true and checks after each.
"""
