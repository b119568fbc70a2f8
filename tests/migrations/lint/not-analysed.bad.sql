select * from json_table('[]', '$[*]' columns (id int path '$.id'));
