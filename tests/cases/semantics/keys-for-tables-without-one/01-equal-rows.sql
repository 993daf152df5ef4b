INSERT INTO notes VALUES (1, 'twice'), (NULL, 'twice');
DELETE FROM notes WHERE ctid = (SELECT min(ctid) FROM notes WHERE note = 'twice');
UPDATE notes SET order_id = 2 WHERE order_id IS NULL;
