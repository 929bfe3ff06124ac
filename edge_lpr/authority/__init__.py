"""The key custodian's program: token keys, enrolment, watch-lists. Never on a booth."""
