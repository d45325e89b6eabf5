// What all scripts share: their argument, as JSON on standard input.
"use strict";

async function readInput()
{
	const pieces = [];

	for await (const piece of process.stdin)
		pieces.push(piece);
	return JSON.parse(Buffer.concat(pieces).toString("utf8"));
}

module.exports = { readInput };
