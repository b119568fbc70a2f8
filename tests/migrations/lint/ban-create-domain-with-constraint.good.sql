create domain claims.npi as text;
