"use strict";
window.SwaggerUIBundle({
  url: "/docs/openapi-3.0.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  tagsSorter: "alpha",
  persistAuthorization: false,
  validatorUrl: null,
});
