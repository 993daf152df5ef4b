ALTER TABLE lines ALTER label TYPE text USING label || '!';
INSERT INTO lines VALUES (5, 1, 'e');
