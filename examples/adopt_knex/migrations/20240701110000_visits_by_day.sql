create view visits_by_day as
select date_trunc('day', at) as day, count(*) as visits from visits group by 1;
