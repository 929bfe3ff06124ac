"""What somebody who logs in at a booth may do, and the record of it."""
