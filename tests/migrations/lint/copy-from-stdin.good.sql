insert into claims.status (code) values ('new'), ('paid');
