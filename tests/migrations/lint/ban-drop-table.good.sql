create temporary table scratch (id int);
drop table scratch;
