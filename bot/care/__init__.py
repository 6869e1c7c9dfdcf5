"""Care beside visits: what patients are to be reminded of, from plans of the hospital or their own."""
