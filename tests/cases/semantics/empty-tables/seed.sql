INSERT INTO b_single VALUES (1);
INSERT INTO c_more VALUES (1), (2), (3);
