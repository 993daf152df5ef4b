DO $$ BEGIN
  EXECUTE format('ALTER PUBLICATION %I DROP TABLE lines', 'rowtide_' || current_database());
END $$;
UPDATE lines SET label = 'while unpublished' WHERE id = 1;
DO $$ BEGIN
  EXECUTE format('ALTER PUBLICATION %I ADD TABLE lines WHERE (id > 99)', 'rowtide_' || current_database());
END $$;
INSERT INTO lines VALUES (3, 1, 'while filtered');
DO $$ BEGIN
  EXECUTE format('ALTER PUBLICATION %I DROP TABLE lines', 'rowtide_' || current_database());
  EXECUTE format('ALTER PUBLICATION %I ADD TABLE lines', 'rowtide_' || current_database());
END $$;
UPDATE lines SET label = 'after' WHERE id = 2;
