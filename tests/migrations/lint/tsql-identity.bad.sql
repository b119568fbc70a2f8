-- case: tsql
IF NOT EXISTS (SELECT 1 FROM sys.tables WHERE name = N'NOTE')
BEGIN
    CREATE TABLE [dbo].[NOTE] (
        [ID] BIGINT NOT NULL PRIMARY KEY
    );
END
GO
