UPDATE odd SET n = n + 1;
UPDATE odd SET a_name = 'b', flags = B'01', matrix = '{{4}}', words = '{{x}}', two = '(2,y)', size = '>7' WHERE id = 2;
UPDATE odd SET id = 7 WHERE id = 3;
