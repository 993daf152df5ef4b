INSERT INTO products VALUES ('ink', 'Black ink'), ('pen', 'Red pen');
