drop table visit_notes;
