INSERT INTO films VALUES (1, 'One');
INSERT INTO actors VALUES (1, 'Ann'), (2, 'Ben');
INSERT INTO roles VALUES (1, 1, 'queen', 2), (1, 1, 'maid', 3), (1, 2, 'king', 1);
