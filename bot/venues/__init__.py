"""The differences between venues: facts as data, and the few reads that ccxt does not unify."""
