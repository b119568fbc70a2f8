create domain claims.npi as text check (value ~ '^[12][0-9]{9}$');
