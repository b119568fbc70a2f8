-- case: tsql
UPDATE [dbo].[NOTE] SET [BODY] = N'x' WHERE [ID] = 1;
CREATE OR ALTER VIEW [dbo].[OPEN_NOTE] AS SELECT [ID] FROM [dbo].[NOTE];
GO
