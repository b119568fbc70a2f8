-- case: tsql
UPDATE [dbo].[NOTE] SET [BODY] = N'x''y' WHERE [ID] = 1;
