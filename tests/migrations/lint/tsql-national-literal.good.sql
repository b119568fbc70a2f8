-- case: tsql
UPDATE [dbo].[NOTE] SET [BODY] = N'Łódź' WHERE [ID] = 1;
