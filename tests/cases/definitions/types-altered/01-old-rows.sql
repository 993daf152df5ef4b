-- Rows in the old form, in the documents before anything is altered.
INSERT INTO int_to_text VALUES (2, 8);
INSERT INTO text_to_int VALUES (2, '8');
INSERT INTO text_to_jsonb VALUES (2, '[1, 2]');
INSERT INTO boolean_to_int VALUES (2, false);
INSERT INTO numeric_to_finer VALUES (2, 8.5);
INSERT INTO numeric_to_bigint VALUES (2, 1e20);
INSERT INTO float_to_numeric VALUES (2, 8.5);
INSERT INTO date_to_timestamp VALUES (2, '1999-12-31');
INSERT INTO timestamptz_to_text VALUES (2, '1999-12-31Z');
INSERT INTO jsonb_to_text VALUES (2, '[1]');
INSERT INTO hstore_to_text VALUES (2, 'b=>NULL');
INSERT INTO array_to_text VALUES (2, '{}');
INSERT INTO bytea_to_text VALUES (2, '\x');
INSERT INTO bit_to_text VALUES (2, B'1111');
INSERT INTO range_to_text VALUES (2, 'empty');
