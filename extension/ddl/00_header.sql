-- Self-host for PostgreSQL, extension script. Assembled from extension/ddl/; do not edit the result.
\echo Use "CREATE EXTENSION selfhost" to load this file. \quit

