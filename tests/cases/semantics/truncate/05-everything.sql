TRUNCATE orders, lines, notes RESTART IDENTITY;
