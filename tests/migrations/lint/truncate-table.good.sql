create temporary table scratch (id int);
truncate scratch;
