"""A clinic is not held (停诊): everybody booked is told, and offered another place."""
