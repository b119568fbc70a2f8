-- case: tsql
UPDATE [dbo].[NOTE] SET [BODY] = 'Łódź' WHERE [ID] = 1;
