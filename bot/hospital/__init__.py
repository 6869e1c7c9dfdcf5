"""The hospital's facts: departments, doctors, rosters, prices, services."""
