"""Studies: jobs made of several searches and trainings, with one table at the end."""
