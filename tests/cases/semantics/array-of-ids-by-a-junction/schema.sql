CREATE TABLE tags (id int PRIMARY KEY, name text);
CREATE TABLE orders (id int PRIMARY KEY, tag_ids int[] NOT NULL DEFAULT '{}');
CREATE TABLE order_tags (order_id int, tag_id int, PRIMARY KEY (order_id, tag_id));
CREATE FUNCTION keep_order_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN DELETE FROM order_tags WHERE order_id = OLD.id; END IF;
  IF TG_OP <> 'DELETE' THEN INSERT INTO order_tags SELECT DISTINCT NEW.id, unnest(NEW.tag_ids); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER keep_tags AFTER INSERT OR UPDATE OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION keep_order_tags();
