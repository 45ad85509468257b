-- How large each vector is, so that what is kept can be counted without reading the pieces.
ALTER TABLE vectors ADD COLUMN bytes bigint;
UPDATE vectors SET bytes = (SELECT COALESCE(SUM(octet_length(data)), 0) FROM vector_pieces p WHERE p.upload = vectors.upload);
ALTER TABLE vectors ALTER COLUMN bytes SET NOT NULL;
