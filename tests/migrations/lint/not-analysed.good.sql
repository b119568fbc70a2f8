select * from jsonb_array_elements('[]');
