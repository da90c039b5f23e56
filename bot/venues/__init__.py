"""What differs from venue to venue: facts as data, and the few reads that ccxt does not unify."""
