INSERT INTO games VALUES (1);
INSERT INTO scores VALUES (1, 1, 10, 'a'), (2, 1, 30, 'b'), (3, 1, 20, 'c'), (4, 1, 20, 'd'), (5, 1, NULL, 'e');
