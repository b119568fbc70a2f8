drop view visits_by_day;
