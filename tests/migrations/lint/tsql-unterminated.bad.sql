-- case: tsql
UPDATE [dbo].[NOTE] SET [BODY] = N'x WHERE [ID] = 1;
