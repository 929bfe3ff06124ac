"""Tools that look at the booth from outside and ask whether it keeps its promises."""
