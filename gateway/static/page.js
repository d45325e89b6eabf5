// Starts Swagger UI with this server's description of its API. Credentials stay in the page: they are
// forgotten when it is closed.
"use strict";

window.ui = SwaggerUIBundle({
	url: new URL("../../openapi3.json", document.baseURI).href,
	dom_id: "#swagger-ui",
	presets: [SwaggerUIBundle.presets.apis],
	deepLinking: true,
	docExpansion: "none",
	defaultModelsExpandDepth: 0,
	displayRequestDuration: true,
	filter: true,
	persistAuthorization: false,
	validatorUrl: null,
});
