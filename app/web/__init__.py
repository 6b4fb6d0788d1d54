"""All that knows Flask."""

from __future__ import annotations

from flask import Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import Login, Settings


def init_app(app: Flask, settings: Settings) -> None:
    from app.extensions import csrf
    from app.web import assets, compression, errors, language, limits, login_end, logs, names, security
    from app.web.health import metrics
    from app.web.sealed_session import SealedSession

    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    is_https = settings.public_url.startswith("https://")
    app.session_interface = SealedSession(settings.secret_key, is_secure=is_https)
    if settings.n_proxies:
        n = settings.n_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    logs.init_app(app, is_production=settings.is_production)
    limits.init_app(app, settings)
    metrics.init_app(app)
    assets.init_app(app)
    compression.init_app(app)
    security.init_app(app, is_production=settings.is_production)
    csrf.init_app(app)  # after the limits, so that who sends without a token is counted too
    errors.init_app(app)
    language.init_app(app)
    names.init_app(app)
    login_end.init_app(app)
    _register_blueprints(app, settings)


def _register_blueprints(app: Flask, settings: Settings) -> None:
    from app.web.agreement import routes as agreement
    from app.web.front import routes as front
    from app.web.health import routes as health
    from app.web.ordering import routes as ordering
    from app.web.portal import routes as portal
    from app.web.questionnaire import routes as questionnaire
    from app.web.staff import routes as staff

    app.register_blueprint(agreement.bp)
    app.register_blueprint(front.bp)
    app.register_blueprint(health.bp)
    app.register_blueprint(ordering.bp)
    app.register_blueprint(portal.bp)
    app.register_blueprint(questionnaire.bp)
    app.register_blueprint(staff.bp)
    if settings.login is Login.DEMO:
        from app.web.login import demo

        app.register_blueprint(demo.bp)
    else:
        from app.web.login import id_porten  # its libraries are loaded only where they are used

        id_porten.init_app(app)
